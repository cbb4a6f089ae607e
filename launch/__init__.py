"""Start the whole product on one machine; standard library only, so that it can install the rest.

`python -m launch` checks the port, makes the virtual environment (`install`) and hands over to
`product` inside it. Nothing here is needed where an operator starts the processes of
`docs/operators.md` himself.
"""
