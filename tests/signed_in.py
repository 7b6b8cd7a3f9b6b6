"""A member signed in at a real server, in any number of windows."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.visitor import TOKEN


class SignedIn:
    """A member at the real server, who can click on the same button in many windows at once."""

    def __init__(self, url, username):
        self.address, self.cookies, self.token = urlsplit(url), SimpleCookie(), ""
        self.ask("GET", "/auth/login")
        self.ask("POST", "/auth/login", username=username, password="microblog")
        self.ask("GET", "/explore")

    def ask(self, method, path, **form):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        cookies = "; ".join(f"{name}={one.coded_value}" for name, one in self.cookies.items())
        headers = {"Cookie": cookies, "Accept": "text/html" if method == "GET" else "application/json"}
        body = urlencode({"csrf_token": self.token, **form}) if method == "POST" else None
        connection.request(method, path, body, {**headers, "Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        self.token = found[1] if (found := TOKEN.search(text)) else self.token
        connection.close()
        return answer

    def clicks(self, path, times):
        """The answers' (status, Retry-After), as many at once as the server bears."""
        with ThreadPoolExecutor(times) as windows:
            answers = list(windows.map(lambda _number: self.ask("POST", path), range(times)))
        return sorted((answer.status, bool(answer.headers.get("Retry-After"))) for answer in answers)
