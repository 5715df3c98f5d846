"""Asks an application in this process, as a browser would: it keeps cookies and follows nothing."""

import asyncio

import httpx

HERE = "http://127.0.0.1"


class Client:
    def __init__(self, app, base=HERE):
        self._app = app
        self._base = base
        self.cookies = httpx.Cookies()

    def ask(self, method, path, **options):
        async def once():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=self._base, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(once())

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, data=None, **options):
        return self.ask("POST", path, data=data, **options)
