export { canonical, prepare, requests } from './limit.requests.ts'
