"""The peer: Django's admin over the same rows, with the same columns, indexes, search and order. One file, no project."""

import os

import django
from django.conf import settings
from django.contrib import admin
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.urls import path

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["PEER_DATABASE"]}},
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()


class Tenant(models.Model):
    id = models.CharField(primary_key=True, max_length=128)
    slug = models.CharField(max_length=63, unique=True)
    name = models.CharField(max_length=200, db_index=True)
    status = models.CharField(max_length=20)
    health = models.CharField(max_length=20)
    severity = models.IntegerField()
    last_seen = models.BigIntegerField(db_index=True)
    calls_24h = models.BigIntegerField(db_index=True)
    error_ppm = models.IntegerField(db_index=True)

    class Meta:
        app_label = "admin"
        db_table = "tenants"
        indexes = [models.Index(fields=["severity", "calls_24h", "id"], name="by_health")]


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):
    list_display = ["name", "id", "status", "health", "calls_24h", "error_ppm", "last_seen"]
    list_filter = ["status", "health"]
    search_fields = ["name", "slug", "id"]
    ordering = ["-severity", "-calls_24h", "-id"]
    list_per_page = 50


urlpatterns = [path("admin/", admin.site.urls)]
application = get_wsgi_application()
