"""The ASGI application: Gradio's pages in both languages, and the files that they show."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import gradio
from anyio import to_thread
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles

from errors import UserError
from storage import reading
from web import origin, page, words
from web.comparisons import Desk, report_of
from web.processes import Pool, Worker

PANEL = Path(__file__).resolve().parent.parent / "live" / "panel.js"
LONGEST = 4096  # bytes of a request


def application(pool: Pool, desk: Desk, runs: Path, lang: str) -> FastAPI:
    """The ASGI application: /en/, /zh/, / that leads to `lang`, and the files that these show."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    def root() -> RedirectResponse:
        return RedirectResponse(f"{lang}/")

    @app.get("/report")
    def report(folder: str) -> Response:
        try:
            return FileResponse(report_of(folder), media_type="text/html", headers={"Cache-Control": "no-store"})
        except UserError as error:
            return Response(str(error), 404)

    @app.get("/favicon.ico")
    def icon() -> Response:
        return FileResponse(page.STATIC / "icon.svg", media_type="image/svg+xml")

    @app.get("/live/panel.js")
    def panel() -> Response:
        return FileResponse(PANEL, media_type="text/javascript")

    @app.get("/comparison/{number}/grid")
    def grid(number: int) -> Response:
        path = desk.current.picture(number) if desk.current else None
        return FileResponse(path) if path else Response(status_code=404)

    _let_watch(app, pool)
    app.mount("/static", StaticFiles(directory=page.STATIC))
    for each in words.LANGUAGES:
        blocks = page.build(pool, desk, runs, each)
        blocks.queue(default_concurrency_limit=4)
        gradio.mount_gradio_app(
            app, blocks, f"/{each}", footer_links=[], run_history=False, ssr_mode=False, mcp_server=False, pwa=False,
            theme=page.theme(), css=page.css(), show_error=True,
        )  # fmt: skip
    return app


def _let_watch(app, pool):
    """Each page's training: a stream of what there is to see, which ends the training when the page closes, and its requests."""
    watched: dict[str, Worker] = {}

    @app.get("/watch")
    async def watch(request: Request) -> Response:
        _refuse_others(request)
        return StreamingResponse(_stream(pool, watched), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @app.post("/watch/{token}")
    async def ask(token: str, request: Request) -> Response:
        _refuse_others(request)
        worker, body = watched.get(token), b""
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST:
                raise HTTPException(413)
        if worker is None:
            raise HTTPException(404)
        try:
            asked = reading.parsed(body.decode(errors="replace"), "the request")
            if not isinstance(asked, dict):
                raise HTTPException(400)
            worker.tell(asked)
        except UserError as error:
            raise HTTPException(409, str(error)) from None
        return Response(status_code=204)


async def _stream(pool, watched):
    worker = await to_thread.run_sync(pool.take)
    if worker is None:
        yield _event({"full": pool.most})
        return
    token = secrets.token_urlsafe()
    try:
        watched[token] = worker
        worker.tell({"watch": True})
        yield _event({"id": token})
        prepared = False
        while True:
            yield f"data: {await to_thread.run_sync(worker.line, abandon_on_cancel=True)}\n"
            if not prepared:  # this one is ready: time for the next one to be
                prepared = True
                pool.prepare()
    except UserError as error:
        yield _event({"error": str(error)})
    finally:  # also when the page is closed
        del watched[token]
        pool.give_back(worker)


def _event(told):
    return f"data: {json.dumps(told)}\n\n"


def _refuse_others(request):
    """A page of somebody else's in the same browser may start and change nothing here."""
    if origin.is_foreign(request.method, request.headers):
        raise HTTPException(403)
