"""Tests of comm_service.api."""
