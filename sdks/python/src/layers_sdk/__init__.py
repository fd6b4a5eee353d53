"""The Python SDK of Layers.

    from layers_sdk import Layers

    with Layers() as layers:
        layers.publishing.publish_now(container_id="cnt_…", targets=[{"socialAccountId": "sa_…", "mode": "direct_publish"}])

Errors are in `layers_sdk.errors` and `layers_sdk.refusals`, answers in `layers_sdk.models`; the names one needs most are here.
"""

from layers_sdk import models, webhooks
from layers_sdk._async.client import AsyncLayers
from layers_sdk._async.pages import AsyncPages
from layers_sdk._protocol import NOT_GIVEN
from layers_sdk._sync.client import Layers
from layers_sdk._sync.pages import Pages
from layers_sdk.errors import *  # noqa: F403
from layers_sdk.inputs import *  # noqa: F403
from layers_sdk.model import Model, Page
from layers_sdk.models import *  # noqa: F403
from layers_sdk.refusals import *  # noqa: F403
