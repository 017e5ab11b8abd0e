"""Where Django calls in: middleware, signal receivers, system checks, the administration."""
