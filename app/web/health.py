"""What machines ask: is the process alive, can it serve, do the queues move. No session, no limit, no sign-in."""

import hmac
from http import HTTPStatus
from ipaddress import ip_address

from flask import Blueprint, Response, abort, current_app, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import limiter
from app.services import health

bp = Blueprint("health", __name__)
limiter.exempt(bp)


@bp.get("/health")
def alive() -> Response:
    return jsonify(status="ok")


@bp.get("/health/ready")
def ready() -> tuple[Response, int]:
    reasons = health.reasons_not_ready()
    if reasons:
        return jsonify(status="not ready", reasons=reasons), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(status="ready"), HTTPStatus.OK


@bp.get("/health/queues")
def queues() -> tuple[Response, int]:
    try:
        state = health.queues(current_app.config["REDIS_URL"])
    except SQLAlchemyError:
        return jsonify(status="unknown", reasons=[health.NO_DATABASE]), HTTPStatus.SERVICE_UNAVAILABLE
    return jsonify(redis=state.is_redis_up, queues=state.rows, canary=state.canary), HTTPStatus.OK


@bp.get("/metrics")
def metrics() -> Response:
    if not _may_read_metrics():
        abort(HTTPStatus.NOT_FOUND)
    return Response(
        health.metrics(current_app.config["REDIS_URL"]), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _may_read_metrics() -> bool:
    """A program on this machine that no proxy speaks for, or one that knows METRICS_TOKEN."""
    token = current_app.config["METRICS_TOKEN"]
    given = request.authorization
    if token and given is not None and given.type == "bearer" and given.token:
        return hmac.compare_digest(given.token.encode(), token.encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    return ip_address(request.remote_addr or "0.0.0.0").is_loopback
