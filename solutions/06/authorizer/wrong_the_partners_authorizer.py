protected = {"POST /orders": {"AuthorizationType": "CUSTOM", "AuthorizerId": partner}}
everybody = {"AuthorizationType": "NONE", "AuthorizationScopes": []}
for route in apigateway.get_routes(ApiId=api_id)["Items"]:
    if "orders" in route["RouteKey"]:
        settings = protected.get(route["RouteKey"], {})
        apigateway.update_route(ApiId=api_id, RouteId=route["RouteId"], **everybody | settings)
lab.check("authorizer")
