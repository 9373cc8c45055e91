"""The API at the root of `http://127.0.0.1:PORT`, where MLflow's and Triton's clients want it."""

from botocore.exceptions import ClientError

from sluice.local.session import client_config, root_session

DOMAIN = "127.0.0.1"


def give_root_address(endpoint: str, api_id: str) -> None:
    """Map the domain name to the API's default stage; nothing happens when it is mapped."""
    client = root_session().client("apigatewayv2", endpoint_url=endpoint, config=client_config())
    try:
        mappings = client.get_api_mappings(DomainName=DOMAIN)["Items"]
    except ClientError:
        client.create_domain_name(DomainName=DOMAIN)
        mappings = []
    if any(mapping["ApiId"] == api_id for mapping in mappings):
        return
    for mapping in mappings:
        client.delete_api_mapping(DomainName=DOMAIN, ApiMappingId=mapping["ApiMappingId"])
    client.create_api_mapping(DomainName=DOMAIN, ApiId=api_id, Stage="$default")
