// Classify one photo from an iOS or macOS app; Foundation only.
import Foundation

struct Answer: Decodable {
    struct Result: Decodable {
        let region: String
        let title: String
        let confidence: Double
        let certain: Bool
    }
    /// An eye that has no answer: closed, or hidden. `detail` is a sentence for whoever took the photo.
    struct Unusable: Decodable {
        let region: String
        let code: String
        let detail: String
    }
    let results: [Result]
    let unusable: [Unusable]
}

struct Problem: Decodable, Error {
    let title: String
    let detail: String
    let code: String
}

/// What stands between has answered for the service, a proxy for instance, and in HTML.
struct NoAnswer: Error {
    let status: Int
}

/// Throws `Problem` where the service refuses the photo, `NoAnswer` or `URLError` where no answer of it came.
///
/// `photo`: the bytes of a JPEG, PNG or WebP file, for instance `image.jpegData(compressionQuality: 0.9)`.
func classify(_ photo: Data, service: URL) async throws -> Answer {
    let boundary = UUID().uuidString
    var request = URLRequest(url: service.appendingPathComponent("v1/classify"))
    request.httpMethod = "POST"
    request.setValue("multipart/form-data; boundary=\(boundary)", forHTTPHeaderField: "Content-Type")

    var body = Data()
    body.append(Data("--\(boundary)\r\n".utf8))
    body.append(Data("Content-Disposition: form-data; name=\"image\"; filename=\"photo.jpg\"\r\n".utf8))
    body.append(Data("Content-Type: image/jpeg\r\n\r\n".utf8))
    body.append(photo)
    body.append(Data("\r\n--\(boundary)--\r\n".utf8))

    let (data, response) = try await URLSession.shared.upload(for: request, from: body)
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    if status == 200, let answer = try? JSONDecoder().decode(Answer.self, from: data) {
        return answer
    }
    if let problem = try? JSONDecoder().decode(Problem.self, from: data) { throw problem }
    throw NoAnswer(status: status)
}
