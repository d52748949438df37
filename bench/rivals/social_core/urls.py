"""The library's paths, and a page with the button that begins."""

from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import include, path


def begin(request):
    """The page with the button; it leads to X by POST, as the library demands."""
    return HttpResponse(
        '<form method="post" action="/social/login/x/">'
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
        '<button id="connect">Connect X</button></form>'
    )


urlpatterns = [path("", begin), path("social/", include("social_django.urls", namespace="social"))]
