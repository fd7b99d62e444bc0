import Link from "next/link";
import { revalidatePath } from "next/cache";

export const dynamic = "force-dynamic";

const notes = (globalThis.notes ??= []);

async function add(form) {
  "use server";
  notes.push(form.get("note"));
  revalidatePath("/");
}

export default function Notes() {
  return (
    <main>
      <h1>Notes</h1>
      <form action={add}>
        <label>
          Note <input name="note" />
        </label>
        <button>Add</button>
      </form>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      <Link href="/notes/50%25%20off">50% off</Link>
    </main>
  );
}
