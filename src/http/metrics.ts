import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { RequestState } from './request.ts'

/** What is measured. Labels have few values: no tenant, no operation name, no id. */
export interface Metrics {
  registry: Registry
  /** Notes an answered request: route pattern, HTTP status, seconds. */
  request(route: string, status: number, seconds: number): void
  /** Notes a GraphQL operation that got as far as having a type. */
  operation(state: RequestState): void
}

/** Sets up the metrics of one server, with Node's own. */
export function createMetrics(registry = new Registry()): Metrics {
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Seconds from the first byte of a request to the last of its answer.',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  })
  const operations = new Counter({
    name: 'graphql_operations_total',
    help: 'GraphQL operations by type and outcome: ok, or error if the answer has any.',
    labelNames: ['type', 'outcome'],
    registers,
  })
  const errors = new Counter({
    name: 'graphql_errors_total',
    help: 'Answers with an error, by code.',
    labelNames: ['code'],
    registers,
  })
  const points = new Counter({
    name: 'graphql_cost_points_total',
    help: 'Points that operations cost in fact.',
    registers,
  })
  return {
    registry,
    request: (route, status, seconds) => requests.observe({ route, status: String(status) }, seconds),
    operation({ operation, codes, cost }) {
      for (const code of codes) errors.inc({ code })
      if (!operation) return
      operations.inc({ type: operation, outcome: codes.length > 0 ? 'error' : 'ok' })
      if (cost) points.inc(cost)
    },
  }
}
