"""Events of this service for others, and of others for this service, over RabbitMQ."""
