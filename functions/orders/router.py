"""The router: a dict from method and path to the function that answers."""

from collections.abc import Callable, Mapping

from proxy import Refusal

Routes = Mapping[tuple[str, str], Callable]


def find_route(routes: Routes, method: str, path: str) -> tuple[str, Callable, dict[str, str]]:
    """Return the route ("GET /orders/{order_id}"), its function, and the values of its path parameters.

    Raises:
        Refusal: 404 where no route has this path, 405 where one has it, with another method.
    """
    allowed = []
    for (route_method, template), function in routes.items():
        parameters = match(template, path)
        if parameters is None:
            continue
        if route_method == method:
            return f"{route_method} {template}", function, parameters
        allowed.append(route_method)
    if allowed:
        raise Refusal(405, f"Only {' and '.join(allowed)} can be used here.", Allow=", ".join(allowed))
    raise Refusal(404, "There is nothing at this path.")


def match(template: str, path: str) -> dict[str, str] | None:
    """Return the path's values for the template's {names}, or None if it doesn't fit."""
    names, values = template.split("/"), path.split("/")
    if len(names) != len(values):
        return None
    parameters = {}
    for name, value in zip(names, values, strict=True):
        if name.startswith("{") and value:
            parameters[name[1:-1]] = value
        elif name != value:
            return None
    return parameters
