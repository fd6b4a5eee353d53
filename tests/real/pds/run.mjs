// An atproto network on loopback: a DID directory in memory and a personal data server on disk.
//
// Takes PLC_PORT, PDS_PORT, PDS_DATA_DIRECTORY and PDS_JWT_SECRET from the environment, and PDS_RATE_LIMITS_ENABLED if
// the server is to count calls. Prints READY once it answers. Ends on SIGTERM, or when whoever started it is gone and
// its standard input closes. After a restart the directory is empty, but the server still knows its own accounts.
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'

const { Database, PlcServer } = createRequire(import.meta.url)('@did-plc/server')
const { PDS, envToCfg, envToSecrets, readEnv } = await import('@atproto/pds')

// Both servers listen on every address of the machine; here they are for this machine alone.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, Number(port), '127.0.0.1', ...rest.filter((item) => typeof item === 'function'))
}

const key = (purpose) => createHash('sha256').update(purpose).digest('hex')
const { PLC_PORT, PDS_PORT, PDS_DATA_DIRECTORY } = process.env
const blobs = `${PDS_DATA_DIRECTORY}/blobs`
mkdirSync(blobs, { recursive: true })

const directory = PlcServer.create({ db: Database.mock(), port: Number(PLC_PORT) })
await directory.start()

Object.assign(process.env, {
  PDS_HOSTNAME: 'localhost',
  PDS_DEV_MODE: 'true',
  PDS_BLOBSTORE_DISK_LOCATION: blobs,
  PDS_DID_PLC_URL: `http://localhost:${PLC_PORT}`,
  PDS_SERVICE_HANDLE_DOMAINS: '.test',
  PDS_INVITE_REQUIRED: 'false',
  PDS_ADMIN_PASSWORD: key('admin'),
  PDS_DPOP_SECRET: key('dpop'),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: key('rotation'),
  PDS_DISABLE_SSRF_PROTECTION: 'true',
})
const env = readEnv()
const server = await PDS.create(envToCfg(env), envToSecrets(env))
await server.start()
console.log(`READY ${PDS_PORT}`)

let ending = false
async function end() {
  if (ending) return
  ending = true
  setTimeout(() => process.exit(0), 3000).unref() // open connections must not keep it
  await server.destroy()
  await directory.destroy()
  process.exit(0)
}
process.on('SIGTERM', end)
process.on('SIGINT', end)
process.stdin.on('end', end).resume()
