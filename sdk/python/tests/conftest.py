from tenon.testing import fresh_run  # noqa: F401
