"""A list of notes with htmx: what asks with HX-Request gets the list, everyone else the page."""

import pathlib
import sys

from flask import Flask, render_template_string, request, send_file

SCRIPT = pathlib.Path(__file__).parent.parent / "node_modules/htmx.org/dist/htmx.min.js"
LIST = """
<ul id="notes">{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
<button hx-delete="/notes" hx-target="#list">Remove</button>
"""
PAGE = """
<!doctype html><html lang="en"><head><title>Notes</title><script src="/htmx.js"></script></head><body>
<h1>Notes</h1>
<form hx-post="/notes" hx-target="#list"><label>Note <input name="note"></label><button>Add</button></form>
<div id="list">""" + LIST + """</div></body></html>
"""

app = Flask(__name__)
notes: list[str] = []


def shown() -> str:
    template = LIST if request.headers.get("HX-Request") == "true" else PAGE
    return render_template_string(template, notes=notes)


@app.get("/")
def index() -> str:
    return shown()


@app.get("/htmx.js")
def script():
    return send_file(SCRIPT)


@app.post("/notes")
def add() -> str:
    notes.append(request.form["note"])
    return shown()


@app.delete("/notes")
def remove() -> str:
    notes.clear()
    return shown()


app.run(port=int(sys.argv[1]))
