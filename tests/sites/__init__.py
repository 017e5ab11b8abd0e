"""Sites beside the office's, with which the tests show that realtime and messaging know no application."""
