/** From an address to a page: signed in? which project? may they? */
import { FolderPlus, Lock, LogOut } from "lucide-preact";
import { ErrorBoundary, LocationProvider, Route, Router, useLocation, useRoute } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { follow } from "./live";
import { NewProject } from "./shell/NewProject";
import { Shell } from "./shell/Shell";
import { SignIn } from "./shell/SignIn";
import { pathOf, type Place, places } from "./places";
import { meetProjects, open, openId, projects, toBeginWith } from "./projects";
import { can, signOut, who } from "./session";
import { Button } from "./ui/Button";
import { Empty } from "./ui/Empty";
import { Trouble } from "./ui/Notice";

export function App() {
  if (who.value === undefined) return <Waiting />;
  if (who.value === null) return <SignIn />;
  return (
    <LocationProvider scope="/dashboard">
      <SignedIn />
    </LocationProvider>
  );
}

function SignedIn() {
  const [fault, setFault] = useState<unknown>();
  useEffect(() => {
    follow();
    if (!projects.value) meetProjects().catch(setFault);
  }, []);
  if (fault) {
    return (
      <Empty icon={Lock} title="Nothing can be shown">
        <Trouble fault={fault} />
        <SignOut />
      </Empty>
    );
  }
  if (!projects.value) return <Waiting />;
  if (projects.value.length === 0) {
    return (
      <Empty icon={FolderPlus} title="No project yet">
        <p>A project holds the accounts, the content and the calendar of one brand or customer.</p>
        <NewProject />
      </Empty>
    );
  }
  return (
    <Router>
      {places.map((place) => (
        <Route key={place.path} path={`/dashboard/:projectId/${place.path}`} component={At} place={place} />
      ))}
      <Route default component={Elsewhere} />
    </Router>
  );
}

/** One page of one project. */
function At({ place }: { place: Place }) {
  const { projectId = "" } = useRoute().params;
  useEffect(() => open(projectId), [projectId]);
  useEffect(() => {
    document.title = `${place.title} · Layers`;
  }, [place]);
  if (!projects.value?.some(({ id }) => id === projectId)) return <Elsewhere />;
  if (openId.value !== projectId) return <Waiting />;
  const { Page } = place;
  return (
    <Shell place={place}>
      {can(...place.scopes) ? (
        <ErrorBoundary>
          <Page key={projectId} projectId={projectId} />
        </ErrorBoundary>
      ) : (
        <Empty icon={Lock} title="Not with this key">
          <p>
            This page needs a key with the scope {place.scopes.map((scope) => <code key={scope}>{scope} </code>)}.
          </p>
        </Empty>
      )}
    </Shell>
  );
}

/** An address that leads nowhere leads to the first page one may see. */
function Elsewhere() {
  const { route } = useLocation();
  const project = toBeginWith();
  const first = places.find(({ icon, scopes }) => icon && can(...scopes));
  useEffect(() => {
    if (project && first) route(pathOf(project.id, first.path), true);
  }, []);
  if (first) return <Waiting />;
  return (
    <Empty icon={Lock} title="This key may not see anything here">
      <p>Sign in with a key that has at least the scope content:read.</p>
      <SignOut />
    </Empty>
  );
}

function SignOut() {
  return (
    <div class="actions">
      <Button icon={LogOut} onClick={signOut}>
        Sign out
      </Button>
    </div>
  );
}

function Waiting() {
  return (
    <div class="waiting" role="status" aria-label="Loading">
      <span class="spinner" />
    </div>
  );
}
