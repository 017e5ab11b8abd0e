// Files that are dropped on an element.

/**
 * Files may be dropped anywhere on the element.
 * @param {HTMLElement} root has the class `is-dropped-on` while files are held over it
 * @param {(files: File[]) => void} onFiles
 */
export function acceptDrops(root, onFiles) {
  let depth = 0;
  const show = (isOver) => root.classList.toggle("is-dropped-on", isOver);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  root.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    show(true);
  });
  root.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  root.addEventListener("dragleave", () => {
    depth = Math.max(depth - 1, 0);
    show(depth > 0);
  });
  root.addEventListener("drop", (event) => {
    depth = 0;
    show(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    onFiles([...event.dataTransfer.files]);
  });
}
