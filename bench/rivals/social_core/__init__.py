"""social-core on Django: https://python-social-auth.readthedocs.io/en/latest/configuration/django.html."""
