/**
 * What counts as bought, one row per sale of the tenant ($1): account_id, sold_on (a date), amount (ten-thousandths, or null) and currency. All that is worked out of
 * sales reads this and nothing else, so that orders or receipts can take the place of won opportunities here.
 */
export const SALES_FACTS = `SELECT o.account_id, o.actual_close_date AS sold_on, o.amount, o.currency FROM opportunity o
 WHERE o.tenant_id = $1 AND o.status = 'WON' AND o.deleted_at IS NULL AND o.account_id IS NOT NULL`
