//! The bound of a request is never below what any tokenizer counts, nor below the hub's own estimate.

use hub_domain::bound::{OutputLimits, bound, likely_overhead, overhead, texts, with_counted_input};
use hub_domain::meter::Meter;
use hub_domain::vocabulary::{
    CacheTtl, Canonical, ChatRequest, EmbeddingInput, EmbeddingsRequest, ImageSource, ImagesRequest, Message,
    MessageRole, OutputFormat, Part, SpeechRequest, Tool, ToolChoice,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const LIMITS: OutputLimits =
    OutputLimits { model_max: Some(4_096), operator_max: 131_072, uncapped_default: 16_384 };

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,60}", "[a-z ]{0,200}", "[\\p{Han}\\p{Emoji}]{0,40}"]
}

fn part() -> impl Strategy<Value = Part> {
    let detail = option::of(select(vec!["low", "high", "auto", "original"]).prop_map(str::to_owned));
    prop_oneof![
        text().prop_map(Part::Text),
        text().prop_map(Part::Refusal),
        (text(), option::of(text())).prop_map(|(text, signature)| Part::Thinking { text, signature }),
        text().prop_map(Part::RedactedThinking),
        Just(Part::CacheBreakpoint(CacheTtl::OneHour)),
        text().prop_map(|json| Part::Other { kind: "new".to_owned(), json }),
        detail.prop_map(|detail| Part::Image { source: ImageSource::Url("https://x".into()), detail }),
        ("[A-Za-z0-9+/]{0,400}", select(vec!["wav", "mp3"]))
            .prop_map(|(base64, format)| Part::Audio { base64, format: format.to_owned() }),
        (select(vec!["data:text/plain;base64,", "file-"]), "[A-Za-z0-9]{0,200}", option::of(text()))
            .prop_map(|(kind, rest, filename)| Part::File { data: format!("{kind}{rest}"), filename }),
        (text(), text(), text()).prop_map(|(id, name, arguments)| Part::ToolCall { id, name, arguments }),
        (text(), text()).prop_map(|(call_id, text)| Part::ToolResult {
            call_id,
            text,
            images: vec![ImageSource::Url("https://x.test/a.png".into())],
            is_error: true,
        }),
    ]
}

fn tool() -> impl Strategy<Value = Tool> {
    (text(), option::of(text()), option::of(text())).prop_map(|(name, description, parameters)| Tool {
        name,
        description,
        parameters,
        ..Tool::default()
    })
}

fn chat() -> impl Strategy<Value = Canonical> {
    let role =
        select(vec![MessageRole::System, MessageRole::User, MessageRole::Assistant, MessageRole::Tool]);
    let message = (role, vec(part(), 0..4)).prop_map(|(role, parts)| Message { role, parts });
    let output = prop_oneof![
        Just(OutputFormat::Text),
        Just(OutputFormat::JsonObject),
        (text(), text()).prop_map(|(name, schema)| OutputFormat::JsonSchema { name, schema, strict: None }),
    ];
    let model = select(vec!["gpt-4o-mini", "gpt-5"]);
    let choice = option::of(text().prop_map(ToolChoice::Named));
    (model, vec(message, 0..6), vec(tool(), 0..3), choice, output, option::of(0..10_000_u64), 0..4_u32)
        .prop_map(|(model, messages, tools, tool_choice, output, max_output_tokens, choices)| {
            Canonical::Chat(ChatRequest {
                model: model.to_owned(),
                messages,
                tools,
                tool_choice,
                output,
                max_output_tokens,
                choices,
                ..ChatRequest::default()
            })
        })
}

fn embeddings() -> impl Strategy<Value = Canonical> {
    let input = prop_oneof![
        text().prop_map(EmbeddingInput::Text),
        vec(any::<u32>(), 0..50).prop_map(EmbeddingInput::Tokens)
    ];
    vec(input, 0..5).prop_map(|inputs| {
        Canonical::Embeddings(EmbeddingsRequest { inputs, ..EmbeddingsRequest::default() })
    })
}

fn images() -> impl Strategy<Value = Canonical> {
    (text(), 0..=10_u32).prop_map(|(prompt, images)| {
        Canonical::Images(ImagesRequest { prompt, images, ..ImagesRequest::default() })
    })
}

fn speech() -> impl Strategy<Value = Canonical> {
    (text(), proptest::option::of(text())).prop_map(|(input, instructions)| {
        Canonical::Speech(SpeechRequest { input, instructions, ..SpeechRequest::default() })
    })
}

fn request() -> impl Strategy<Value = Canonical> {
    prop_oneof![4 => chat(), 1 => embeddings(), 1 => images(), 1 => speech()]
}

/// What the worst byte-level tokenizer counts: one token for each byte.
fn most_tokens(canonical: &Canonical) -> u64 {
    u64::try_from(texts(canonical).iter().map(String::len).sum::<usize>()).unwrap()
}

proptest! {
    #[test]
    fn no_tokenizer_counts_more_than_the_bound(request in request()) {
        let bound = bound(&request, LIMITS);
        prop_assert!(bound.input_tokens >= most_tokens(&request) + overhead(&request));
    }

    #[test]
    fn the_hubs_own_estimate_is_within_the_bound(request in request()) {
        let estimate = most_tokens(&request) + likely_overhead(&request);
        prop_assert!(estimate <= bound(&request, LIMITS).input_tokens);
    }

    #[test]
    fn a_count_makes_the_bound_tighter_and_never_looser(request in request(), counted in any::<u64>()) {
        let cheap = bound(&request, LIMITS);
        let counted = with_counted_input(cheap, &request, counted % (most_tokens(&request) + 2));
        prop_assert!(counted.input_tokens <= cheap.input_tokens);
        prop_assert!(counted.input_tokens >= overhead(&request), "what no tokenizer sees stays in it");
        prop_assert_eq!(counted.output_ceiling, cheap.output_ceiling);
    }

    #[test]
    fn a_longer_request_has_no_smaller_bound(request in chat(), more in text()) {
        let before = bound(&request, LIMITS).input_tokens;
        let Canonical::Chat(mut chat) = request else { unreachable!() };
        chat.messages.push(Message { role: MessageRole::User, parts: vec![Part::Text(more.clone())] });
        let after = bound(&Canonical::Chat(chat), LIMITS).input_tokens;
        prop_assert!(after > before + u64::try_from(more.len()).unwrap());
    }
}

#[test]
fn every_text_of_a_request_counts() {
    let seen =
        ["system", "thought", "call-1", "look", "{\"a\":1}", "result", "no", "doc.pdf", "tool", "what", "{}"];
    let text = |at: usize| seen[at].to_owned();
    let chat = ChatRequest {
        messages: vec![
            Message { role: MessageRole::System, parts: vec![Part::Text(text(0))] },
            Message {
                role: MessageRole::Assistant,
                parts: vec![
                    Part::Thinking { text: text(1), signature: Some(text(1)) },
                    Part::ToolCall { id: text(2), name: text(3), arguments: text(4) },
                    Part::Refusal(text(6)),
                ],
            },
            Message {
                role: MessageRole::Tool,
                parts: vec![
                    Part::ToolResult { call_id: text(2), text: text(5), images: Vec::new(), is_error: false },
                    Part::File { data: "file-1".to_owned(), filename: Some(text(7)) },
                ],
            },
        ],
        tools: vec![Tool {
            name: text(8),
            description: Some(text(9)),
            parameters: Some(text(10)),
            ..Tool::default()
        }],
        tool_choice: Some(ToolChoice::Named("named".to_owned())),
        output: OutputFormat::JsonSchema {
            name: "form".to_owned(),
            schema: "schema".to_owned(),
            strict: None,
        },
        ..ChatRequest::default()
    };
    let texts = texts(&Canonical::Chat(chat));
    for text in seen.into_iter().chain(["named", "form", "schema"]) {
        assert!(texts.iter().any(|seen| seen == text), "{text} is missing in {texts:?}");
    }
}

#[test]
fn the_output_is_limited_by_model_operator_and_default() {
    let ceiling = |asked, model_max| {
        let chat = ChatRequest { max_output_tokens: asked, ..ChatRequest::default() };
        bound(&Canonical::Chat(chat), OutputLimits { model_max, ..LIMITS }).output_ceiling
    };
    assert_eq!(ceiling(None, Some(4_096)), 4_096);
    assert_eq!(ceiling(Some(10_000), Some(4_096)), 4_096);
    assert_eq!(ceiling(None, None), 16_384, "nobody knows a limit");
    assert_eq!(
        ceiling(Some(50_000), None),
        131_072,
        "the client's limit is the call's, below the operator's"
    );
    assert_eq!(ceiling(None, Some(1_000_000)), 131_072);
}

#[test]
fn embeddings_have_no_output() {
    let inputs = vec![EmbeddingInput::Text("text".to_owned()), EmbeddingInput::Tokens(vec![1, 2, 3])];
    let request = Canonical::Embeddings(EmbeddingsRequest { inputs, ..EmbeddingsRequest::default() });
    let bound = bound(&request, LIMITS);
    assert!(!bound.has_output);
    assert_eq!(bound.input_tokens, 4 + 4 + 3 + 4);
}

#[test]
fn images_are_bounded_by_their_number() {
    let bound_of =
        |images| bound(&Canonical::Images(ImagesRequest { images, ..ImagesRequest::default() }), LIMITS);
    for (asked, most) in [(0, 1), (1, 1), (7, 7)] {
        let bound = bound_of(asked);
        assert!(!bound.has_output, "no output limit makes an image cheaper");
        assert_eq!(bound.other.get(Meter::Image), most);
        assert_eq!(bound.other.get(Meter::OutputImage), most * 6_240);
    }
}

#[test]
fn speech_is_bounded_by_its_characters() {
    let speech = SpeechRequest { input: "größer".to_owned(), ..SpeechRequest::default() };
    let bound = bound(&Canonical::Speech(speech), LIMITS);
    assert!(!bound.has_output);
    assert_eq!(bound.other.get(Meter::Character), 6);
    assert_eq!(bound.other.get(Meter::OutputAudio), 6 * 10 + 256);
}
