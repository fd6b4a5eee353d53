"""The Python SDK of Layers.

    with Layers() as layers:
        targets = [{"socialAccountId": "sa_…", "mode": "direct_publish"}]
        layers.publishing.publish_now(container_id="cnt_…", targets=targets)

Errors are in `errors` and, a class for each code, in `refusals`; answers in `models`; what is inside of arguments in
`inputs`.
"""

from layers_sdk import models as models
from layers_sdk import webhooks as webhooks
from layers_sdk._async.client import AsyncLayers as AsyncLayers
from layers_sdk._async.pages import AsyncPages as AsyncPages
from layers_sdk._async.streams import AsyncEventStream as AsyncEventStream
from layers_sdk._protocol import NOT_GIVEN as NOT_GIVEN
from layers_sdk._sync.client import Layers as Layers
from layers_sdk._sync.pages import Pages as Pages
from layers_sdk._sync.streams import EventStream as EventStream
from layers_sdk.errors import *  # noqa: F403
from layers_sdk.inputs import *  # noqa: F403
from layers_sdk.model import Model as Model
from layers_sdk.model import Page as Page
from layers_sdk.models import *  # noqa: F403
from layers_sdk.refusals import *  # noqa: F403
