/**
 * Turns off ONNX Runtime's telemetry. Call it before ONNX Runtime is loaded, on the main thread: workers have their own copy
 * of the environment, which C++ does not see.
 *
 * Since 1.30 it also collects data on Linux: it keeps a database in ~/.cache/Microsoft, leaves a log of each process in
 * /tmp, and uploads the data. Users who want that can set ORT_DISABLE_TELEMETRY=0.
 */
export function withoutTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
