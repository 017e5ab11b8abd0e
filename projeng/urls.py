"""The URLs of the office: pages by role, forms, files and streams."""

from django.urls import include, path

from realtime.parity.receipts import receive
from realtime.transports.rate_limits import limited

from . import sse
from .access import Role
from .views import auth, corrections, dashboards, files, home, project_forms, projects, reports, status, undo
from .views.notifications import Inbox

realtime = [
    path("notifications/", limited(sse.notifications), name="stream_notifications"),
    path("dashboard/", limited(sse.dashboard), name="stream_dashboard"),
    path("projects/", limited(sse.projects), name="stream_projects"),
    path("projects/<int:project_id>/", limited(sse.project), name="stream_project"),
    path("events/", limited(sse.events), name="stream_events"),
    path("poll/", limited(status.poll), name="realtime_poll"),
    path("receipts/", limited(receive), name="realtime_receipts"),
    path("status/", limited(status.status), name="realtime_status"),
]

accounts = [
    path("login/", auth.SignIn.as_view(), name="login"),
    path("logout/", auth.SignOut.as_view(), name="logout"),
    path("password/", auth.PasswordChange.as_view(), name="password_change"),
    path("profile/", home.profile, name="profile"),
]

FOLDERS = {"progress": "progress", "cost": "costs", "milestone": "milestones", "document": "documents"}
PART_PAGES = {
    "edit": corrections.part_edit,
    "void": corrections.part_void,
    "restore": corrections.part_restore,
    "history": corrections.part_history,
}
parts = [
    path(f"{folder}/<int:part_id>/{page}/", view, {"kind": kind}, name=f"{kind}_{page}")
    for kind, folder in FOLDERS.items()
    for page, view in PART_PAGES.items()
]

one_project = [
    path("", projects.project_detail, name="project_detail"),
    path("edit/", project_forms.project_edit, name="project_edit"),
    path("delete/", project_forms.project_delete, name="project_delete"),
    path("engineers/", project_forms.project_engineers, name="project_engineers"),
    path("progress/add/", reports.progress_add, name="progress_add"),
    path("costs/add/", reports.cost_add, name="cost_add"),
    path("milestones/add/", reports.milestone_add, name="milestone_add"),
    path("milestones/<int:milestone_id>/reached/", reports.milestone_reached, name="milestone_reached"),
    path("documents/add/", reports.document_add, name="document_add"),
    path("picture/", files.picture, name="project_picture"),
    path("history/", corrections.project_history, name="project_history"),
    *parts,
]

urlpatterns = [
    path("", home.home, name="home"),
    path("accounts/", include(accounts)),
    path("dashboard/", dashboards.head, name="dashboard"),
    path("dashboard/notifications/", Inbox.as_view(roles=(Role.HEAD,)), name="head_notifications"),
    path("dashboard/finance/", dashboards.finance, name="finance_dashboard"),
    path(
        "dashboard/finance/notifications/",
        Inbox.as_view(roles=(Role.FINANCE, Role.HEAD)),
        name="finance_notifications",
    ),
    path("projeng/", dashboards.engineer, name="engineer_dashboard"),
    path("projeng/notifications/", Inbox.as_view(), name="engineer_notifications"),
    path("projeng/undo/<int:deletion_id>/", undo.undo, name="undo"),
    path("projeng/projects/", projects.project_list, name="project_list"),
    path("projeng/projects/new/", project_forms.project_create, name="project_create"),
    path("projeng/projects/<int:project_id>/", include(one_project)),
    path("projeng/documents/<int:document_id>/", files.document, name="document"),
    path("projeng/costs/<int:cost_id>/receipt/", files.receipt, name="receipt"),
    path("projeng/api/realtime/", include(realtime)),
]
