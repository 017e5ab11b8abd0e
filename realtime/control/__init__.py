"""The control room: what operators see and do, and what people say of their pages."""
