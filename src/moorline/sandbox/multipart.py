"""Reading `multipart/form-data`, which few platforms take and no page of the sandbox sends."""

from email import policy
from email.parser import BytesParser

from moorline.sandbox.kernel import Call


def read_multipart(call: Call) -> dict[str, str]:
    """The text fields of the body; empty when it has another content type."""
    kind = call.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "multipart/form-data":
        return {}
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + call.body)
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode("utf-8", "replace")
    return fields
