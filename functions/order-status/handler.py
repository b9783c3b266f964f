"""Tell clients of a WebSocket API when an order changes (07_api_gateway_choices).

API Gateway invokes it for each event of a connection. Who has changed an order invokes it with the
order, and everybody who watches it is told its status.

A connection is held by API Gateway. A function that runs for milliseconds can't, so a table keeps its id.
"""

import json
import os
import time

import boto3
from boto3.dynamodb.conditions import Key

LONGEST_SECONDS = 2 * 60 * 60  # API Gateway closes a connection after two hours

connections = boto3.resource("dynamodb").Table(os.environ["TABLE"])
api = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["CONNECTIONS_URL"])


def handler(event: dict, context: object) -> dict:
    """Keep or forget a connection, or tell the watchers of an order."""
    if "requestContext" not in event:
        return tell(event)
    connection_id = event["requestContext"]["connectionId"]
    return ROUTES[event["requestContext"]["routeKey"]](connection_id, event)


def connect(connection_id: str, event: dict) -> dict:
    """Remember which order the connection watches. A handshake that names none is refused."""
    order_id = (event.get("queryStringParameters") or {}).get("order")
    if not order_id:
        return {"statusCode": 400}
    expires_at = int(time.time()) + LONGEST_SECONDS
    connections.put_item(
        Item={"connection_id": connection_id, "order_id": order_id, "expires_at": expires_at}
    )
    return {"statusCode": 200}


def disconnect(connection_id: str, event: dict) -> dict:
    """Forget the connection."""
    connections.delete_item(Key={"connection_id": connection_id})
    return {"statusCode": 200}


def default(connection_id: str, event: dict) -> dict:
    """Answer a message of the client with the id of its connection."""
    return {"statusCode": 200, "body": json.dumps({"connection": connection_id})}


def tell(order: dict) -> dict:
    """Send an order's status to all who watch it, and forget those who are gone (410)."""
    watching = Key("order_id").eq(order["order_id"])
    news = json.dumps({"order_id": order["order_id"], "status": order["status"]}).encode()
    told, gone = 0, 0
    for item in connections.query(IndexName="by-order", KeyConditionExpression=watching)["Items"]:
        try:
            api.post_to_connection(ConnectionId=item["connection_id"], Data=news)
            told += 1
        except api.exceptions.GoneException:  # its $disconnect never came, or not yet
            connections.delete_item(Key={"connection_id": item["connection_id"]})
            gone += 1
    return {"told": told, "gone": gone}


ROUTES = {"$connect": connect, "$disconnect": disconnect, "$default": default}
