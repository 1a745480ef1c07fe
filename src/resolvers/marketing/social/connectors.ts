import { send } from '../../../access/egress.ts'
import type { Connector } from './connector.ts'
import { webhookConnector } from './webhook.ts'

/** Nobody is asked: a person publishes, and says so. */
const manual: Connector = {
  name: 'manual',
  publisher: null,
  secret: null,
  settingsProblem(settings) {
    const [name] = Object.keys(settings)
    return name === undefined ? null : { path: [name], rule: 'unknown', message: 'is no setting of this connector' }
  },
}

/** All connectors by name, over a way to send requests: guarded against private addresses if left out. A deployment that writes one of its own adds it here. */
export function connectors(post: typeof send = send): ReadonlyMap<string, Connector> {
  return new Map([manual, webhookConnector(post)].map((one) => [one.name, one]))
}

/** The connectors of this deployment. */
export const CONNECTORS = connectors()
