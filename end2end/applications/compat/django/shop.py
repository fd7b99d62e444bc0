"""A Django project whose pages are made by scripts, which copy the cookie of its protection against forged requests."""

import hashlib
import io
import pathlib
import sys
import time

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import ensure_csrf_cookie

PORT, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
ANGULAR = FOLDER / "angular.js"
NODE_MODULES = pathlib.Path(__file__).parent.parent / "node_modules"
NAME = "Straße & 50%; «Søren».txt"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<script src="/axios.js"></script></head><body><h1>Shop</h1>
<button id="fetch">By fetch</button> <button id="axios">By axios</button> <button id="listen">Listen</button>
<label>File <input type="file" id="file"></label> <a href="/download">Download</a>
<p id="status"></p><ul id="events"></ul>
<script>
  // As Django's documentation has it.
  function getCookie(name) {
    for (const cookie of document.cookie.split(";")) {
      const [key, value] = cookie.trim().split("=");
      if (key === name) return decodeURIComponent(value);
    }
    return null;
  }
  const show = (text) => { document.getElementById("status").textContent = text; };
  const on = (id, event, act) => document.getElementById(id).addEventListener(event, act);
  on("fetch", "click", async () => {
    const headers = { "X-CSRFToken": getCookie("csrftoken"), "X-Requested-With": "XMLHttpRequest" };
    const answer = await fetch("/orders", { method: "POST", headers, mode: "same-origin", body: "by fetch" });
    show(answer.ok ? (await answer.json()).said : answer.status);
  });
  on("axios", "click", async () => {
    const client = axios.create({ xsrfCookieName: "csrftoken", xsrfHeaderName: "X-CSRFToken" });
    const answer = await client.post("/orders", "by axios", { validateStatus: () => true });
    show(answer.status === 200 ? answer.data.said : answer.status);
  });
  on("file", "change", async ({ target }) => {
    const body = new FormData();
    body.append("file", target.files[0]);
    const answer = await fetch("/upload", { method: "POST", headers: { "X-CSRFToken": getCookie("csrftoken") }, body });
    show(answer.ok ? JSON.stringify(await answer.json()) : answer.status);
  });
  on("listen", "click", () => {
    const events = new EventSource("/events");
    for (const kind of ["message", "end"]) events.addEventListener(kind, ({ type, data, lastEventId }) => {
      const item = document.createElement("li");
      item.textContent = [type, lastEventId, data].join(" ");
      document.getElementById("events").append(item);
      if (type === "end") events.close();
    });
  });
</script></body></html>
"""

ANGULAR_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title></head><body>
<app-root></app-root><script src="/angular.js"></script></body></html>
"""


@ensure_csrf_cookie
def index(request):
    return HttpResponse(ANGULAR_PAGE if ANGULAR.exists() else PAGE)


def angular(request):
    return FileResponse(open(ANGULAR, "rb"), content_type="text/javascript")


def axios(request):
    return FileResponse(open(NODE_MODULES / "axios/dist/axios.min.js", "rb"), content_type="text/javascript")


def orders(request):
    by_script = request.headers.get("X-Requested-With", "")
    return JsonResponse({"said": f"{request.body.decode()} {by_script}".strip()})


def upload(request):
    digest, size = hashlib.sha256(), 0
    for chunk in request.FILES["file"].chunks():
        digest.update(chunk)
        size += len(chunk)
    return JsonResponse({"name": request.FILES["file"].name, "size": size, "digest": digest.hexdigest()[:16]})


def download(request):
    return FileResponse(io.BytesIO(b"line one\n" * 100_000), as_attachment=True, filename=NAME)


def events(request):
    def said():
        yield "retry: 100\n\n: a comment\n\n"
        for number in range(1, 4):
            yield f"id: {number}\ndata: zweite Straße\ndata: {number} of 3\n\n"
            time.sleep(0.2)
        yield "event: end\ndata: over\n\n"

    return StreamingHttpResponse(said(), content_type="text/event-stream")


urlpatterns = [
    path("", index),
    path("axios.js", axios),
    path("angular.js", angular),
    path("orders", orders),
    path("upload", upload),
    path("download", download),
    path("events", events),
]

# As Django's documentation has it for Angular.
FOR_ANGULAR = {"CSRF_COOKIE_NAME": "XSRF-TOKEN", "CSRF_HEADER_NAME": "HTTP_X_XSRF_TOKEN"} if ANGULAR.exists() else {}
settings.configure(
    **FOR_ANGULAR,
    SECRET_KEY="of a trial",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    FILE_UPLOAD_TEMP_DIR=FOLDER,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)
execute_from_command_line([__file__, "runserver", "--noreload", f"127.0.0.1:{PORT}"])
