// Serves one bucket out of a folder; says its port; ends with its standard input.
import S3rver from "s3rver";

const server = new S3rver({
  address: "127.0.0.1",
  port: 0,
  directory: process.argv[2],
  silent: true,
  configureBuckets: [{ name: "media", configs: [] }],
});
console.log((await server.run()).port);
process.stdin.on("end", () => process.exit()).resume();
