/** What an evidence report is made of. */
export { reportData } from './report-data.js';

export type { ReportData, ReportKey, ReportOptions, ReportWindow } from './report-data.js';
