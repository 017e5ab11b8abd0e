"""The addresses of notices and events, below ``/api/v1/communication/``."""

from rest_framework.routers import SimpleRouter

from .views import Events, Notices, Registrations

router = SimpleRouter(use_regex_path=False)
router.register("notices", Notices, "notice")
router.register("events", Events, "event")
router.register("event-registrations", Registrations, "event_registration")

urlpatterns = router.urls
