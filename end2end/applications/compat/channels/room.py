"""A room of Django Channels, with its own check of where a socket comes from, and a sign-in that it shares with Django."""

import sys

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from daphne.server import Server
from daphne.endpoints import build_endpoint_description_strings
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of a trial",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Room</title></head><body>
{% if name %}<h1>Room of {{ name }}</h1><label>Message <input id="message"></label> <button id="say">Say</button><ul></ul>
<script>
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/room", ["text", "room.v1"]);
  socket.onmessage = ({ data }) => {
    const item = document.createElement("li");
    item.textContent = data;
    document.querySelector("ul").append(item);
  };
  document.getElementById("say").onclick = () => socket.send(document.getElementById("message").value);
</script>
{% else %}<form method="post">{% csrf_token %}<label>Name <input name="name"></label><button>Enter</button></form>{% endif %}
</body></html>
"""


def index(request):
    if request.method == "POST":
        request.session["name"] = request.POST["name"]
    page = engines["django"].from_string(PAGE)
    return HttpResponse(page.render({"name": request.session.get("name")}, request))


class Room(WebsocketConsumer):
    def connect(self):
        self.accept("room.v1")
        self.send(f"Welcome, {self.scope['session'].get('name', 'nobody')}")

    def receive(self, text_data=None, bytes_data=None):
        self.send(f"{self.scope['session'].get('name')}: {text_data}")


urlpatterns = [path("", index)]
room = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([path("room", Room.as_asgi())])))
application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": room})
Server(
    application,
    endpoints=build_endpoint_description_strings(host="127.0.0.1", port=int(sys.argv[1])),
).run()
