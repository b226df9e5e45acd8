/** A refusal as the API words it (docs/errors.md). */

export type FieldViolation = { field: string; description: string };

type Detail = {
  "@type": string;
  reason?: string;
  metadata?: Record<string, string>;
  field_violations?: FieldViolation[];
};
type Body = { message?: string; details?: Detail[] };

export class ApiError extends Error {
  override name = "ApiError";
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: readonly FieldViolation[];
  readonly requestId: string;
  /** Seconds after which another attempt may do; 0 when nothing was said of it. */
  readonly retryAfter: number;
  /** The body's details as they came, for those that only one page knows. */
  readonly details: readonly Detail[];

  constructor(
    status: number,
    reason: string,
    message: string,
    more: Partial<Pick<ApiError, "metadata" | "fields" | "requestId" | "retryAfter" | "details">> = {},
  ) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.metadata = more.metadata ?? {};
    this.fields = more.fields ?? [];
    this.requestId = more.requestId ?? "";
    this.retryAfter = more.retryAfter ?? 0;
    this.details = more.details ?? [];
  }

  static offline(): ApiError {
    return new ApiError(0, "OFFLINE", "The server cannot be reached");
  }

  /** Reads an answer's refusal; one that is not the API's own, such as a proxy's page, keeps its status. */
  static async from(response: Response): Promise<ApiError> {
    return ApiError.read(response.status, await response.text(), response.headers);
  }

  static read(status: number, text: string, headers: Headers): ApiError {
    const requestId = headers.get("x-request-id") ?? "";
    const retryAfter = Number(headers.get("retry-after")) || 0;
    let body: Body;
    try {
      body = JSON.parse(text) as Body;
    } catch {
      return new ApiError(status, "UNKNOWN", `The server answered ${status}`, { requestId, retryAfter });
    }
    const details = body.details ?? [];
    const of = (type: string) => details.find((detail) => detail["@type"].endsWith(type));
    const info = of(".ErrorInfo");
    return new ApiError(status, info?.reason ?? "UNKNOWN", body.message || `The server answered ${status}`, {
      metadata: info?.metadata ?? {},
      fields: of(".BadRequest")?.field_violations ?? [],
      requestId,
      retryAfter,
      details,
    });
  }
}

/** Whether the same call may do later: no answer, or an answer of a service that is not there now. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || [502, 503, 504].includes(error.status));
