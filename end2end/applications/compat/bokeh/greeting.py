"""A page whose every event goes over one WebSocket, which Bokeh opens with a token as its second subprotocol."""

from bokeh.io import curdoc
from bokeh.layouts import column
from bokeh.models import Button, Div, TextInput

name = TextInput(title="Name")
button = Button(label="Greet")
greeting = Div(text="")
button.on_click(lambda: greeting.update(text=f"Hello, {name.value}!"))
curdoc().add_root(column(name, button, greeting))
