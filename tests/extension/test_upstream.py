"""What rtcd's extension relies on in jupyter-server-ydoc, pinned.

The extension subclasses; a changed method may want something else from it, without any error. When
one of these fails: read upstream's new text beside the module named here, then put the new
fingerprint in.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap

import pytest
from jupyter_server.extension.manager import ExtensionManager
from jupyter_server_ydoc.app import YDocExtension
from jupyter_server_ydoc.handlers import YDocWebSocketHandler
from jupyter_server_ydoc.loaders import FileLoader, FileLoaderMapping
from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_server_ydoc.utils import YDOC_SERVER_VERSION

PINNED = [
    (FileLoader.__init__, "loader.py", "e2ffeacf3e3c"),
    (FileLoader.load_content, "loader.py", "9439033cc68f"),
    (FileLoader.maybe_save_content, "loader.py", "dc569f9b0f3d"),
    (FileLoader._save_content, "loader.py", "8864b5ca6fde"),
    (FileLoader._save_content_at_path, "loader.py", "6ddc9fb59147"),
    (FileLoader.maybe_notify, "loader.py", "49a23d2e7d0c"),
    (FileLoader._watch_file, "loader.py", "43598b7afcf7"),
    (FileLoader.observe, "loader.py", "c1cb9287be90"),
    (FileLoader.unobserve, "loader.py", "643cc27e654e"),
    (FileLoaderMapping, "loader.py", "2cba98ecfc7f"),
    (DocumentRoom.__init__, "loader.py", "362b837397c2"),
    (DocumentRoom._on_document_change, "autosave.py", "24489c2f9679"),
    (DocumentRoom._save_to_disc, "autosave.py", "67712157c248"),
    (DocumentRoom._maybe_save_document, "autosave.py", "0c376aefc087"),
    (DocumentRoom._on_filepath_change, "loader.py", "69aa12c64f7e"),
    (YDocWebSocketHandler.initialize, "handlers.py", "27a8f65281b4"),
    (YDocWebSocketHandler.prepare, "handlers.py", "eabcab6a5649"),
    (YDocWebSocketHandler.open, "handlers.py", "de1bfd8e4f2c"),
    (YDocWebSocketHandler.send, "handlers.py", "f576da345938"),
    (YDocWebSocketHandler.on_message, "handlers.py", "65018225416b"),
    (YDocWebSocketHandler.check_origin, "handlers.py", "233310b73ec8"),
    (YDocExtension.initialize, "app.py", "07c01b0358de"),
    (YDocExtension.initialize_settings, "app.py", "88ef98168a53"),
    (YDocExtension.initialize_handlers, "app.py", "90651f14eddc"),
    (YDocExtension.stop_extension, "app.py", "7121c12d7a70"),
    (ExtensionManager.link_all_extensions, "stock.py", "cb9540962202"),
    (ExtensionManager.load_extension, "stock.py", "9f8c7509e95e"),
    (ExtensionManager.stop_all_extensions, "stock.py", "301fb49c98b4"),
]


def fingerprint(thing) -> str:
    """Of what it does: comments, layout and docstrings do not count."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(thing))))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr):
            continue
        if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            del body[0]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("thing", "module", "expected"), PINNED, ids=[thing.__qualname__ for thing, _, _ in PINNED]
)
def test_upstream_is_what_the_extension_was_written_for(thing, module, expected):
    assert fingerprint(thing) == expected, (
        f"jupyter-server-ydoc {YDOC_SERVER_VERSION} (or jupyter_server) changed "
        f"{thing.__qualname__}; check rtcd/extension/{module} against it"
    )


def test_a_changed_deed_has_another_fingerprint_and_a_changed_word_has_not():
    """The guard itself."""

    class Old:
        def save(self):
            """Says."""
            return self.a

    class Reworded:
        def save(self):
            # says it otherwise
            return self.a

    class Changed:
        def save(self):
            return self.b

    assert fingerprint(Old.save) == fingerprint(Reworded.save) != fingerprint(Changed.save)
