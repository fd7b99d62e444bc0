export default async function Note({ params }) {
  const { name } = await params;
  return <h1>{decodeURIComponent(name)}</h1>;
}
