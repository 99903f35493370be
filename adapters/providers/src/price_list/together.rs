//! Together, <https://www.together.ai/pricing>, looked up on 2026-11-25: US dollars for a million tokens.

use super::Entry;

pub const ENTRIES: &[Entry] = &[
    Entry::chat(&["openai/gpt-oss-120b"], Some(131_072), None, text!("0.15", "0.6")),
    Entry::chat(&["MiniMaxAI/MiniMax-M3.1-Flash"], Some(1_048_576), None, text!("0.15", "0.015", "0.6")),
    Entry::chat(&["Qwen/Qwen3.5-9B"], Some(262_144), None, text!("0.17", "0.25")),
    Entry::chat(&["Qwen/Qwen3.6-Plus"], Some(1_000_000), None, text!("0.5", "3")),
    Entry::chat(&["Qwen/Qwen3.7-Max"], Some(1_000_000), None, text!("2.5", "0.5", "7.5")),
    Entry::chat(&["Qwen/Qwen3.7-Plus"], Some(1_000_000), None, text!("0.32", "1.28")),
    Entry::chat(
        &["deepseek-ai/DeepSeek-V4.1-Flash", "deepseek-ai/DeepSeek-V4.1-Flash-1017"],
        Some(1_048_576),
        None,
        text!("0.3", "0.006", "1.2"),
    ),
    Entry::chat(&["deepseek-ai/DeepSeek-V4-Pro-0813"], Some(1_048_576), None, text!("1.32", "0.13", "3.96")),
    Entry::chat(&["meta-models/Muse-Glimmer-30B"], Some(131_072), None, text!("0.35", "0.04", "1.5")),
    Entry::chat(
        &["meta-models/Muse-Spark-Open-816B-A42B"],
        Some(1_048_576),
        None,
        text!("1.25", "0.15", "4.25"),
    ),
    Entry::chat(&["moonshotai/Kimi-K3"], Some(1_048_576), None, text!("3", "0.3", "15")),
    Entry::chat(
        &["zai-org/GLM-5.2", "zai-org/GLM-5.3"],
        Some(1_048_575),
        Some(128_000),
        text!("1.4", "0.26", "4.4"),
    ),
    Entry::chat(&["zai-org/GLM-5.3-Flash"], Some(1_048_575), Some(128_000), text!("0.15", "0.03", "0.5")),
    Entry::chat(&["Qwen/Qwen3.8-Flash"], Some(1_000_000), None, text!("0.15", "0.47")),
    Entry::chat(&["nvidia/NVIDIA-Nemotron-3.5-Super-VL"], Some(262_144), None, text!("0.15", "0.02", "0.5")),
    Entry::chat(&["reflection/Beam-1.0-501B-A23B"], Some(1_048_576), None, text!("0.4", "0.04", "1.2")),
    Entry::chat(&["moonshotai/Kimi-K3.1-Pro"], Some(1_048_576), None, text!("2", "0.2", "10")),
];
