const packed = (id) => Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
const failed = (why) => {
  document.getElementById("trouble").textContent =
    `The live part did not start (${why}). What is below is today's menu.`;
};
const run = async () => {
  const stream = new Blob([packed("code")]).stream().pipeThrough(new DecompressionStream("deflate"));
  const script = document.createElement("script");
  script.src = URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], { type: "text/javascript" }));
  script.integrity = "HASH";
  script.onerror = () => failed("the script was refused");
  document.head.append(script);
};
run().catch((error) => failed(error.message));
