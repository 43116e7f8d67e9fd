"""The TypeScript sources of the node, the trigger and the credential, with marks for `javascript()`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hex_blocks.hosts.javascript.render import Code, literal
from hex_blocks.hosts.n8n.fields import Property

SEARCHES = (
    "searchProjects",
    "searchCollections",
    "searchGroups",
    "searchUsers",
    "searchDataConnections",
    "searchThreads",
    "searchRuns",
    "searchCharts",
)
LOADS = (
    "getProjects",
    "getUsers",
    "getGroups",
    "getCollections",
    "getDraftGuides",
    "getCharts",
    "getStatuses",
    "getTopics",
)


def description_source(name: str, properties: Sequence[Property]) -> str:
    """Return the source that exports a list of fields."""
    return (
        "/*<*/import type { INodeProperties } from 'n8n-workflow';\n\n/*>*/"
        f"export const {name}/*<*/: INodeProperties[]/*>*/ = {literal(list(properties))};\n"
    )


def plans_source(plans: Mapping[str, object]) -> str:
    """Return the source that exports the plans of operations."""
    return (
        "/*<*/import type { Plan } from '../../runtime/inputs.js';\n\n/*>*/"
        f"export const plans/*<*/: Record<string, Plan>/*>*/ = {literal(dict(plans))};\n"
    )


def node_source(description: str, files: Mapping[str, str]) -> str:
    """Return the source of the node.

    Args:
        description: The description of the node.
        files: The names of the lists of fields, by file.
    """
    imports = "".join(f"import {{ {name} }} from './descriptions/{file}';\n" for file, name in files.items())
    head = {
        "displayName": "Hex",
        "name": "hex",
        "icon": {"light": "file:hex.svg", "dark": "file:hex.dark.svg"},
        "group": ["transform"],
        "version": 1,
        "subtitle": '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
        "description": description,
        "defaults": {"name": "Hex"},
        "usableAsTool": True,
        "inputs": [Code("NodeConnectionTypes.Main")],
        "outputs": [Code("NodeConnectionTypes.Main")],
        "credentials": [{"name": "hexApi", "required": True}],
        "properties": Code("[" + ", ".join(f"...{name}" for name in files.values()) + "]"),
    }
    methods = "".join(f"\t\t\t{name},\n" for name in SEARCHES)
    loads = "".join(f"\t\t\t{name},\n" for name in LOADS)
    return f"""\
/*<*/import type {{
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
}} from 'n8n-workflow';
/*>*/import {{ NodeConnectionTypes }} from 'n8n-workflow';
import {{ executeItems }} from '../../runtime/execute.js';
import {{ {", ".join((*SEARCHES, *LOADS))} }} from '../../runtime/pickers.js';
{imports}import {{ plans }} from './plans';

export class Hex/*<*/ implements INodeType/*>*/ {{
	description/*<*/: INodeTypeDescription/*>*/ = {literal(head, 1)};

	methods = {{
		listSearch: {{
{methods}		}},
		loadOptions: {{
{loads}		}},
	}};

	async execute(/*<*/this: IExecuteFunctions/*>*/)/*<*/: Promise<INodeExecutionData[][]>/*>*/ {{
		return await executeItems(this, plans);
	}}
}}
"""


def trigger_source(description: str, properties: Sequence[Property]) -> str:
    """Return the source of the trigger."""
    head = {
        "displayName": "Hex Trigger",
        "name": "hexTrigger",
        "icon": {"light": "file:hex.svg", "dark": "file:hex.dark.svg"},
        "group": ["trigger"],
        "version": 1,
        "subtitle": '={{ $parameter["events"].length }} event(s)',
        "description": description,
        "defaults": {"name": "Hex Trigger"},
        "polling": True,
        "inputs": [],
        "outputs": [Code("NodeConnectionTypes.Main")],
        "credentials": [{"name": "hexApi", "required": True}],
        "properties": list(properties),
    }
    return f"""\
/*<*/import type {{
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
}} from 'n8n-workflow';
/*>*/import {{ NodeConnectionTypes }} from 'n8n-workflow';
import {{ getProjects }} from '../../runtime/pickers.js';
import {{ pollRuns }} from '../../runtime/trigger.js';

export class HexTrigger/*<*/ implements INodeType/*>*/ {{
	description/*<*/: INodeTypeDescription/*>*/ = {literal(head, 1)};

	methods = {{
		loadOptions: {{
			getProjects,
		}},
	}};

	async poll(/*<*/this: IPollFunctions/*>*/)/*<*/: Promise<INodeExecutionData[][] | null>/*>*/ {{
		return await pollRuns(this);
	}}
}}
"""


def credential_source(documentation: str, properties: Sequence[Property]) -> str:
    """Return the source of the credential."""
    request = {"baseURL": "={{ " + BASE_URL + " }}", "url": "/users/me"}
    return f"""\
/*<*/import type {{
	IAuthenticate,
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	IHttpRequestOptions,
	INodeProperties,
}} from 'n8n-workflow';
/*>*/import {{ withToken }} from '../runtime/connection.js';

export class HexApi/*<*/ implements ICredentialType/*>*/ {{
	name = 'hexApi';

	displayName = 'Hex API';

	icon/*<*/: Icon/*>*/ = {{ light: 'file:hex.svg', dark: 'file:hex.dark.svg' }};

	documentationUrl = {literal(documentation)};

	properties/*<*/: INodeProperties[]/*>*/ = {literal(list(properties), 1)};

	// The token is added only for addresses that it may go to, whoever sends the request.
	authenticate/*<*/: IAuthenticate/*>*/ = async (
		credentials/*<*/: ICredentialDataDecryptedObject/*>*/,
		requestOptions/*<*/: IHttpRequestOptions/*>*/,
	) => withToken(credentials, requestOptions);

	test/*<*/: ICredentialTestRequest/*>*/ = {{
		request: {literal(request, 2)},
	}};
}}
"""


# The expression for a base URL; the core checks where a token may be sent when it adds the token.
BASE_URL = (
    '($credentials.region === "custom" ? ($credentials.baseUrl.includes("://") ? "" : "https://") '
    '+ $credentials.baseUrl.trim().replace(/\\/+$/, "").replace(/\\/api(\\/v1)?$/, "") '
    ': "https://" + $credentials.region + ".hex.tech") + "/api/v1"'
)
