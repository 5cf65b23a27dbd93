"""Raw requests to the MLflow API of a running server, with one connection each."""
import http.client
import json
import urllib.parse


class Refused(Exception):
    """An answer that is no 200: `status`, `code`, `message`."""

    def __init__(self, status, body):
        self.status = status
        try:
            record = json.loads(body)
            self.code, self.message = record["error_code"], record["message"]
        except (ValueError, KeyError):
            self.code, self.message = "", body.decode("utf-8", "replace")
        super().__init__("%d %s: %s" % (status, self.code, self.message))


class Http:
    """`base` is put before paths that do not begin with `/`."""

    def __init__(self, url, token, base="/api/2.0/mlflow/"):
        self.address = urllib.parse.urlsplit(url)
        self.token, self.base = token, base

    @classmethod
    def of(cls, stoker, base="/api/2.0/mlflow/"):
        """To the server of an `Env`, started, with its owner's token."""
        return cls(stoker.start()["url"], (stoker.home / "token").read_text().strip(), base)

    def send(self, method, path, body=None, **headers):
        """(status, headers, body) of one request; `body` as it is."""
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            fields.setdefault("Authorization", "Bearer " + self.token)
        try:
            connection.request(method, path if path.startswith("/") else self.base + path, body, fields, encode_chunked=fields.get("Transfer-Encoding") == "chunked")
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, /, **query):
        """The JSON of a 200, or Refused."""
        given = [(name, value) for name, value in query.items() if value is not None]
        if given:
            path += "?" + urllib.parse.urlencode(given, doseq=True)
        headers = {} if body is None else {"Content_Type": "application/json"}
        status, _, content = self.send(method, path, None if body is None else json.dumps(body), **headers)
        if status != 200:
            raise Refused(status, content)
        return json.loads(content)

    def get(self, path, /, **query):
        return self.call("GET", path, **query)

    def post(self, path, /, **body):
        return self.call("POST", path, body)

    def patch(self, path, /, **body):
        return self.call("PATCH", path, body)

    def delete(self, path, /, **body):
        return self.call("DELETE", path, body)
