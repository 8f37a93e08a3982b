"""The ASGI application: Gradio's pages in both languages, and the files that they show."""

from __future__ import annotations

from pathlib import Path

import gradio
from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from errors import UserError
from web import page, words
from web.comparisons import Desk, report_of
from web.processes import Pool


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

    @app.get("/comparison/{number}/grid")
    def grid(number: int) -> Response:
        path = desk.current.picture(number) if desk.current else None
        return FileResponse(path) if path else Response(status_code=404)

    app.mount("/static", StaticFiles(directory=page.STATIC))
    for each in words.LANGUAGES:
        blocks = page.build(pool, desk, runs, each)
        blocks.queue(default_concurrency_limit=4)
        gradio.mount_gradio_app(
            app, blocks, f"/{each}", footer_links=[], run_history=False, ssr_mode=False, mcp_server=False, pwa=False,
            theme=page.theme(), css=page.css(), head=page.HEAD, show_error=True,
        )  # fmt: skip
    return app
