/** Sends a file with its progress; XMLHttpRequest, because fetch tells nothing of an upload's progress. */
import { type DataFile, sessionEnded } from "./client";
import { ApiError } from "./errors";

export type ReadAs = {
  encoding?: string;
  delimiter?: string;
  sheet?: string;
  skip_rows?: number;
  skip_last_rows?: number;
  duplicate_names?: string;
};

/** Bytes that the server has taken of all of them; `reading` from when it has all until it answers. */
export type Sent = { bytes: number; total: number; reading: boolean };

export type Upload = { done: Promise<DataFile>; cancel: () => void };

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

export function upload(file: File, readAs: ReadAs, onSent: (sent: Sent) => void): Upload {
  const query = new URLSearchParams({ filename: file.name });
  for (const [name, value] of Object.entries(readAs)) if (value) query.set(name, String(value));
  const request = new XMLHttpRequest();
  const done = new Promise<DataFile>((resolve, reject) => {
    request.open("POST", `/v1/files:upload?${query}`);
    request.setRequestHeader("content-type", /\.xlsx$/i.test(file.name) ? XLSX : "text/csv");
    request.upload.onprogress = ({ loaded, total }) => onSent({ bytes: loaded, total, reading: false });
    request.upload.onload = () => onSent({ bytes: file.size, total: file.size, reading: true });
    request.onload = () => {
      if (request.status === 201) return resolve(JSON.parse(request.responseText) as DataFile);
      if (request.status === 401) sessionEnded();
      return reject(ApiError.read(request.status, request.responseText, headersOf(request)));
    };
    request.onerror = () => reject(new ApiError(0, "UPLOAD_BROKEN", "The connection broke"));
    request.onabort = () => reject(new ApiError(0, "UPLOAD_CANCELLED", "Cancelled"));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

function headersOf(request: XMLHttpRequest): Headers {
  const headers = new Headers();
  for (const name of ["x-request-id", "retry-after"]) {
    const value = request.getResponseHeader(name);
    if (value) headers.set(name, value);
  }
  return headers;
}
