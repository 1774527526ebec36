# SPDX-License-Identifier: Apache-2.0
"""An S3 server for tests: versitygw when it is on the PATH (or SLIPWAY_TEST_VERSITYGW names it),
else a small one of our own whose signatures are checked by botocore."""

import hashlib
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

from conftest import free_port

KEY, SECRET, REGION = "test-key", "test-secret", "us-east-1"


def client_of(url):
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "path"}),
    )


def start(folder):
    """(URL, function that ends it)."""
    program = os.environ.get("SLIPWAY_TEST_VERSITYGW") or shutil.which("versitygw")
    return start_versitygw(program, folder) if program else start_own()


def start_versitygw(program, folder):
    port = free_port()
    (folder / "s3").mkdir()
    environment = os.environ | {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
    process = subprocess.Popen(
        [program, "--port", f"127.0.0.1:{port}", "--region", REGION, "posix", str(folder / "s3")],
        env=environment,
        stdout=(folder / "s3.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1)
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.05)

    def stop():
        process.kill()
        process.wait()

    return url, stop


class Own(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    buckets, objects, uploads, lock = set(), {}, {}, threading.Lock()

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def signed(self, body):
        """botocore signs the same request; the two signatures must be one."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        given = self.headers.get("authorization", "")
        parts = re.match(r".*Credential=([^/]+)/.*SignedHeaders=([^,]+), ?Signature=(\w+)", given)
        if not parts or parts[1] != KEY:
            return False
        if hashlib.sha256(body).hexdigest() != self.headers["x-amz-content-sha256"] and (
            "boto" not in self.headers.get("user-agent", "").lower()
        ):
            return False
        headers = {name: self.headers[name] for name in parts[2].split(";")}
        request = AWSRequest(
            self.command, f"http://{self.headers['host']}{self.path}", headers=headers, data=body
        )
        request.context["timestamp"] = self.headers["x-amz-date"]
        auth = S3SigV4Auth(Credentials(KEY, SECRET), "s3", REGION)
        auth.payload = lambda _: self.headers["x-amz-content-sha256"]
        auth.headers_to_sign = lambda request: headers_of(headers)
        canonical = auth.canonical_request(request)
        return auth.signature(auth.string_to_sign(request, canonical), request) == parts[3]

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.signed(body):
            return self.fail(403, "SignatureDoesNotMatch")
        if self.headers.get("content-encoding") == "aws-chunked":
            body = unchunked(body)
        address = urlsplit(self.path)
        query = parse_qs(address.query, keep_blank_values=True)
        name = unquote(address.path)
        with self.lock:
            return getattr(self, f"on_{self.command.lower()}")(name, query, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    page = 100  # keys; S3 gives 1,000

    def listed(self, bucket, query):
        if bucket not in self.buckets:
            return self.fail(404, "NoSuchBucket")
        prefix = f"{bucket}/{query.get('prefix', [''])[0]}"
        after = query.get("continuation-token", [""])[0]
        keys = sorted(k for k in self.objects if k.startswith(prefix) and k > after)
        text = "<ListBucketResult>"
        for key in keys[: self.page]:
            text += f"<Contents><Key>{escape(key[len(bucket) + 1 :])}</Key></Contents>"
        text += f"<IsTruncated>{str(len(keys) > self.page).lower()}</IsTruncated>"
        if len(keys) > self.page:
            token = escape(keys[self.page - 1])
            text += f"<NextContinuationToken>{token}</NextContinuationToken>"
        return self.answer(200, (text + "</ListBucketResult>").encode())

    def on_get(self, name, query, body):
        if query.get("list-type") == ["2"]:
            return self.listed(name.rstrip("/"), query)
        if name not in self.objects:
            return self.fail(404, "NoSuchKey")
        data, etag = self.objects[name]
        if self.headers.get("if-match", etag) != etag:
            return self.fail(412, "PreconditionFailed")
        part = re.match(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if part:
            data = data[int(part[1]) : int(part[2]) + 1]
        now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return self.answer(
            206 if part else 200, data, ETag=etag, Content_Length=str(len(data)), Last_Modified=now
        )

    on_head = on_get

    def on_put(self, name, query, body):
        etag = '"' + hashlib.md5(body).hexdigest() + '"'
        if "uploadId" in query:
            self.uploads[query["uploadId"][0]][int(query["partNumber"][0])] = body
        elif name.count("/") == 1:
            self.buckets.add(name)
        elif name[: name.index("/", 1)] not in self.buckets:
            return self.fail(404, "NoSuchBucket")
        else:
            self.objects[name] = (body, etag)
        return self.answer(200, ETag=etag)

    def on_post(self, name, query, body):
        if "delete" in query:
            if self.headers["content-md5"] != b64encode(hashlib.md5(body).digest()).decode():
                return self.fail(400, "InvalidDigest")
            for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
                self.objects.pop(name.rstrip("/") + "/" + unescape(key), None)
            return self.answer(200, b"<DeleteResult/>")
        if "uploads" in query:
            upload = f"u{len(self.uploads)}"
            self.uploads[upload] = {}
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId>"
            return self.answer(200, (text + "</InitiateMultipartUploadResult>").encode())
        parts = self.uploads.pop(query["uploadId"][0], None)
        if parts is None:
            return self.fail(404, "NoSuchUpload")
        data = b"".join(parts[number] for number in sorted(parts))
        self.objects[name] = (data, f'"{hashlib.md5(data).hexdigest()}-{len(parts)}"')
        return self.answer(200, b"<CompleteMultipartUploadResult/>")

    def on_delete(self, name, query, body):
        self.uploads.pop(query.get("uploadId", [""])[0], None)
        return self.answer(204)


def headers_of(headers):
    from http.client import HTTPMessage

    out = HTTPMessage()
    for name, value in sorted(headers.items()):
        out[name] = value
    return out


def unchunked(body):
    out = b""
    while body:
        line, _, body = body.partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        out, body = out + body[:size], body[size + 2 :]
    return out


def start_own():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}", server.shutdown
