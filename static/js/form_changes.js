// The bar over an open form: somebody has changed what the form is about. It is told by the events that the page receives,
// without any request. What is typed stays as it is; saving compares (projeng/forms/versions.py).

const ABOUT_PROJECT = ["project_updated", "project_status_changed", "project_deleted", "assignment_changed"];
const KEPT = "What you have entered is kept. When you save, you are asked only where others have changed the same field.";

export class FormChanges {
  #form;
  #bar;
  #text = document.createElement("span");
  #button = document.createElement("button");
  #list = document.createElement("ul");
  #details = document.createElement("div");
  #people = new Set();
  #fields = new Map(); // names of changed fields, with who changed them last
  #wasDeleted = false;

  /**
   * @param {HTMLFormElement} form with data-live-form: "project" (its own fields), "all" (all about the project), or the
   *   field of events that identifies a part, such as "cost_id:12"; and data-activity, the newest line of the timeline that
   *   the form knows of
   */
  constructor(form) {
    this.#form = form;
    this.#bar = document.getElementById("changed-bar");
    this.#button.type = "button";
    this.#button.className = "button secondary small";
    this.#button.textContent = "Show";
    this.#button.setAttribute("aria-expanded", "false");
    this.#button.setAttribute("aria-controls", "changed-details");
    this.#button.addEventListener("click", () => this.#toggle());
    this.#details.id = "changed-details";
    this.#details.hidden = true;
    const kept = document.createElement("p");
    kept.textContent = KEPT;
    this.#details.append(this.#list, kept);
  }

  /** The project whose events concern the form. */
  get project() {
    return this.#form.dataset.project;
  }

  onFrame(frame) {
    if (frame.id === undefined || !this.#concerns(frame)) return;
    this.#people.add(frame.actor);
    this.#wasDeleted ||= frame.type === "project_deleted";
    const line = document.createElement("li");
    line.textContent = frame.summary;
    this.#list.append(line);
    for (const name of changedFields(frame)) this.#fields.set(name, frame.actor);
    this.#show(`${this.#wasDeleted ? "Deleted" : "Changed"} by ${listed([...this.#people])} while you have this open`);
  }

  /** Events were missed, so nobody knows what was changed. */
  onReset() {
    const line = document.createElement("li");
    line.textContent = "The connection was away for too long to know what was changed.";
    this.#list.append(line);
    this.#show("This may have been changed while the connection was away");
  }

  #concerns(frame) {
    const { liveForm, activity } = this.#form.dataset;
    if (frame.type === "projects_changed") return true; // does not say which
    // The page may show more than its cursor says (docs/architecture/log.md, "Cursors").
    if (frame.activity_id != null && frame.activity_id <= Number(activity)) return false;
    if (liveForm === "all" || frame.type === "project_deleted") return "summary" in frame;
    if (liveForm === "project") return ABOUT_PROJECT.includes(frame.type);
    const [name, id] = liveForm.split(":");
    return frame[name] === Number(id);
  }

  #show(text) {
    this.#text.textContent = text;
    if (!this.#button.isConnected) {
      this.#bar.append(this.#text, this.#button, this.#details);
      this.#bar.classList.add("is-shown");
    }
    if (!this.#details.hidden) this.#markFields();
  }

  #toggle() {
    this.#details.hidden = !this.#details.hidden;
    this.#button.textContent = this.#details.hidden ? "Show" : "Hide";
    this.#button.setAttribute("aria-expanded", String(!this.#details.hidden));
    this.#markFields();
  }

  #markFields() {
    for (const [name, actor] of this.#fields) {
      const field = this.#form.querySelector(`[data-field="${CSS.escape(name)}"]`);
      if (!field) continue;
      const note = field.querySelector(".changed-note") ?? field.insertBefore(document.createElement("p"), field.firstChild);
      note.className = "changed-note";
      note.textContent = `Changed by ${actor}`;
      note.hidden = this.#details.hidden;
    }
  }
}

/** The names of form fields that an event says were changed. */
function changedFields({ type, changes }) {
  if (type === "project_status_changed") return ["status"];
  if (type === "assignment_changed") return ["assigned_engineers"];
  return Object.keys(changes ?? {});
}

function listed(people) {
  return people.length < 2 ? people.join("") : `${people.slice(0, -1).join(", ")} and ${people.at(-1)}`;
}
