//! What people are told, in their browser or their wallet.

/// The languages that the platform's wallets speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

impl Language {
    /// By `Accept-Language`: the first that is known.
    pub fn of_header(accepted: &str) -> Self {
        let names = accepted.split(',').map(|name| name.trim().to_ascii_lowercase());
        let known = names.filter_map(|name| match name.get(..2) {
            Some("zh") => Some(Self::Chinese),
            Some("en") => Some(Self::English),
            _ => None,
        });
        known.into_iter().next().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectText {
    SessionNotFound,
    SessionIdMissing,
    UserKeyMissing,
    UserInfoMissing,
    InvalidToken,
    ExpiredToken,
    ChallengeMismatch,
    CodeMismatch,
    UserMismatch,
    Declined,
    Busy,
}

impl ConnectText {
    pub const fn text(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::SessionNotFound => ("Session not found or expired", "会话不存在或已过期"),
            Self::SessionIdMissing => ("Session Id is required to check status", "检查状态需要会话 ID"),
            Self::UserKeyMissing => ("userPk is required to complete auth", "缺少 userPk,无法完成认证"),
            Self::UserInfoMissing => ("userInfo is required to complete auth", "缺少 userInfo,无法完成认证"),
            Self::InvalidToken => ("Invalid JWT token", "无效的 JWT 令牌"),
            Self::ExpiredToken => (
                "JWT token expired, make sure your device time in sync with network",
                "JWT 令牌已过期,请确保设备时间与网络同步",
            ),
            Self::ChallengeMismatch => ("Challenge mismatch", "随机校验码不匹配"),
            Self::CodeMismatch => {
                ("Dynamic verification code mismatch, please try again later", "动态验证码不匹配,请稍后重试")
            }
            Self::UserMismatch => (
                "Login user and wallet user mismatch, please relogin and try again",
                "登录用户和钱包用户不匹配,请重新登录后再试",
            ),
            Self::Declined => ("You have declined the authentication request", "您拒绝了认证请求"),
            Self::Busy => ("The wallet is busy with another request", "钱包正在处理其他请求"),
        };
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}
