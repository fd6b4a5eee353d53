"""What was sent in confidence is found, and blotted out of what comes back."""

from layers.kit.blot import blot, secrets_in


def test_confidential_values_are_found_wherever_they_were_sent():
    url = "https://a.example/x?access_token=t%2Fken-1&fields=id-and-name"
    headers = {"Authorization": "Bearer bearer-2", "Accept": "application/json", "DPoP": "proof-3"}
    form = {
        "client_secret": "secret-4",
        "code": "code-55",
        "status": "a caption",
        "code_verifier": "verify-6",
    }
    body = {"password": "pass-word-7", "record": {"text": "x"}, "refreshJwt": "jwt-888", "limit": 5}
    assert secrets_in(url, headers, form, body, None) == {
        *(
            "t/ken-1",
            "t%2Fken-1",
            "bearer-2",
            "proof-3",
            "secret-4",
            "code-55",
            "verify-6",
            "pass-word-7",
            "jwt-888",
        )
    }


def test_what_is_short_stands_in_too_many_words():
    assert secrets_in("https://a.example/", {"code": "12345"}) == frozenset()


def test_texts_lose_what_is_confidential_and_answers_keep_it():
    answer = {"error": {"message": "no token-1!"}, "list": ["token-1", 1, None], "refresh_token": "token-1"}
    kept = blot(answer, {"token-1"}, alone=False)
    assert kept == {
        "error": {"message": "no [secret]!"},
        "list": ["token-1", 1, None],
        "refresh_token": "token-1",
    }
    assert "token-1" not in str(blot(answer, {"token-1"}, alone=True))
